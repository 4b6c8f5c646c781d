// What must fail inside a session, tried: one table, each row with the error that each identity expects. Static, so that any image runs it.
//
// usage: probe user|display|root      one line a row: "ok|BAD <tab> name <tab> seen <tab> expected"
//        probe connect HOST PORT [MS] whether a TCP connection opens ("open", or the error)
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/klog.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/quota.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timex.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { kUser, kDisplay, kRoot };
static int identity;

// Answers of a row: 0 when it succeeded, else the error.
static int tried(long result) { return result == -1 ? errno : 0; }
static int opened(char const* path, int flags) {
  int const file = open(path, flags | O_CLOEXEC | O_NONBLOCK, 0600);
  if (file < 0) return errno;
  close(file);
  return 0;
}
static int written(char const* path, char const* text) {
  int const file = open(path, O_WRONLY | O_CLOEXEC);
  if (file < 0) return errno;
  int const outcome = tried(write(file, text, strlen(text)));
  close(file);
  return outcome;
}
/// A masked file reads as empty: ENODATA is what we call that.
static int read_something(char const* path) {
  int const file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file < 0) return errno;
  char byte;
  long const got = read(file, &byte, 1);
  int const outcome = got > 0 ? 0 : got == 0 ? ENODATA : errno;
  close(file);
  return outcome;
}
static int first_entry(char const* path) {
  int const directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory < 0) return errno;
  char buffer[4096];
  int entries = 0;
  long got;
  while ((got = syscall(SYS_getdents64, directory, buffer, sizeof buffer)) > 0) {
    for (long at = 0; at < got; at += *(uint16_t*)(buffer + at + 16)) ++entries;
  }
  close(directory);
  return entries > 2 ? 0 : ENODATA;  // "." and ".."
}
static int made_socket(int family, int type, int protocol) {
  int const made = socket(family, type | SOCK_CLOEXEC, protocol);
  if (made < 0) return errno;
  close(made);
  return 0;
}
static int interface_request(unsigned long request) {
  int const made = socket(AF_INET, SOCK_DGRAM, 0);
  if (made < 0) return errno;
  struct ifreq wanted = {0};
  strcpy(wanted.ifr_name, "eth0");
  if (ioctl(made, SIOCGIFFLAGS, &wanted) != 0) strcpy(wanted.ifr_name, "lo");
  wanted.ifr_addr.sa_family = request == SIOCSIFHWADDR ? 1 : AF_INET;
  return tried(ioctl(made, request, &wanted));
}
static int unix_connect(char const* path) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  strncpy(address.sun_path, path, sizeof address.sun_path - 1);
  int const made = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  return tried(connect(made, (struct sockaddr*)&address, sizeof address));
}
/// A program copied to where nothing may be executed.
static int executed(char const* path) {
  int const out = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0700);
  if (out < 0) return errno;
  static char const script[] = "#!/bin/sh\nexit 0\n";
  if (write(out, script, sizeof script - 1) < 0) return errno;
  close(out);
  char* arguments[] = {(char*)path, NULL};
  execve(path, arguments, NULL);
  int const error = errno;
  unlink(path);
  return error;
}
static pid_t process_of(uid_t user) {
  for (pid_t process = 2; process < 5000; ++process) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d", process);
    struct stat found;
    if (stat(path, &found) == 0 && found.st_uid == user) return process;
  }
  return 1;
}
static pid_t other(void) { return identity == kUser ? process_of(64010) : process_of(1000); }
static int read_of(pid_t process, char const* what) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/%s", process, what);
  return opened(path, O_RDONLY);
}
static int memory_of(pid_t process) {
  char byte;
  struct iovec local = {&byte, 1};
  struct iovec remote = {(void*)0x400000, 1};
  return tried(process_vm_readv(process, &local, 1, &remote, 1, 0));
}
static int real_time(void) {
  struct sched_param wanted = {.sched_priority = 10};
  return tried(sched_setscheduler(0, SCHED_FIFO, &wanted));
}
static int more_files(void) {
  struct rlimit limit;
  getrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_max == RLIM_INFINITY) return 0;
  limit.rlim_max += 1;
  return tried(setrlimit(RLIMIT_NOFILE, &limit));
}
static int set_clock(void) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  return tried(clock_settime(CLOCK_REALTIME, &now));
}
static int adjust_clock(void) {
  struct timex change = {.modes = ADJ_TICK, .tick = 10000};
  return tried(adjtimex(&change));
}
static int raise_capability(void) {
  struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
  struct __user_cap_data_struct data[2] = {{1u << CAP_SYS_ADMIN, 1u << CAP_SYS_ADMIN, 0}, {0}};
  return tried(syscall(SYS_capset, &header, data));
}
static int ambient(void) { return tried(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_SYS_ADMIN, 0, 0)); }
static int lose_no_new_privileges(void) { return tried(prctl(PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0)); }
static int lose_filter(void) { return tried(prctl(PR_SET_SECCOMP, 0, NULL, 0, 0)); }
static int bpf_program(void) {
  char attributes[128] = {0};
  return tried(syscall(SYS_bpf, 5, attributes, sizeof attributes));
}
static int bpf_map(void) {
  uint32_t attributes[32] = {2, 4, 4, 1};
  return tried(syscall(SYS_bpf, 0, attributes, sizeof attributes));
}
static int performance(void) {
  char attributes[128] = {0};
  return tried(syscall(SYS_perf_event_open, attributes, -1, 0, -1, 0));
}
static int handle(void) {
  char buffer[256] = {0};
  *(unsigned*)buffer = 128;
  int mount_id;
  return tried(syscall(SYS_name_to_handle_at, AT_FDCWD, "/", buffer, &mount_id, 0));
}
static int open_handle(void) {
  unsigned buffer[64] = {8, 1, 2, 0};
  return tried(syscall(SYS_open_by_handle_at, AT_FDCWD, buffer, O_RDONLY));
}
/// In a user namespace of one's own: the same must fail that fails outside.
static int in_user_namespace(int (*what)(void)) {
  if (unshare(CLONE_NEWUSER) != 0) return errno;
  return what();
}
static int mount_tmpfs(void) { return tried(mount("none", "/tmp", "tmpfs", 0, "")); }
static int new_mounts(void) { return tried(unshare(CLONE_NEWNS)); }
static int join_network(void) {
  int const file = open("/proc/1/ns/net", O_RDONLY | O_CLOEXEC);
  return file < 0 ? errno : tried(setns(file, CLONE_NEWNET));
}
static int device(void) { return tried(mknod("/tmp/probe-device", S_IFCHR | 0600, 0x0101)); }
static int block_device(void) { return tried(mknod("/tmp/probe-block", S_IFBLK | 0600, 0x0700)); }
static int hardware_address(void) { return interface_request(SIOCSIFHWADDR); }
static int as_32_bit_socket(void) {
  // socket(AF_VSOCK, SOCK_STREAM, 0) by the 32-bit entry, which a filter of 64-bit numbers alone would not see.
  long result;
  __asm__ volatile("int $0x80" : "=a"(result) : "a"(359L), "b"(40L), "c"(1L), "d"(0L) : "memory", "r8", "r9", "r10", "r11");
  return result < 0 ? (int)-result : 0;
}
/// The same inside socketcall, whose arguments lie in memory, where no filter looks. They lie below 4 GiB: this program is static.
static int as_32_bit_socketcall(void) {
  static uint32_t words[3] = {40, 1, 0};
  long result;
  __asm__ volatile("int $0x80"
                   : "=a"(result)
                   : "a"(102L), "b"(1L), "c"((long)words)
                   : "memory", "r8", "r9", "r10", "r11");
  return result < 0 ? (int)-result : 0;
}

struct row {
  char const* name;
  char const* user;
  char const* display;
  char const* root;
  int (*run)(void);
};
#define ROW(id, name, error, expression) ROW3(id, name, error, error, error, expression)
#define ROW3(id, name, user, display, root, expression) \
  static int row_##id(void) { return expression; }
#include "probe_table.h"
#undef ROW3
#define ROW3(id, name, user, display, root, expression) {name, user, display, root, row_##id},
static struct row const rows[] = {
#include "probe_table.h"
};

static char const* error_name(int error) {
  return error == 0 ? "allowed" : error == ENODATA ? "empty" : strerrorname_np(error);
}

static bool accepted(char const* expected, char const* seen) {
  size_t const length = strlen(seen);
  for (char const* at = expected; *at != '\0';) {
    size_t const word = strcspn(at, "|");
    if (word == length && strncmp(at, seen, word) == 0) return true;
    at += word;
    if (*at == '|') ++at;
  }
  return false;
}

/// Each row in a process of its own: what one changes reaches no other, and a hang ends.
static char const* run_row(struct row const* row) {
  fflush(stdout);
  pid_t const child = fork();
  if (child < 0) return "no fork";
  if (child == 0) {
    alarm(5);
    _exit(row->run());
  }
  int status = 0;
  waitpid(child, &status, 0);
  if (WIFSIGNALED(status)) return WTERMSIG(status) == SIGALRM ? "hangs" : "SIGNAL";
  return error_name(WEXITSTATUS(status));
}

static int connect_to(char const* host, char const* port, int milliseconds) {
  struct sockaddr_storage storage = {0};
  struct sockaddr_in* four = (struct sockaddr_in*)&storage;
  struct sockaddr_in6* six = (struct sockaddr_in6*)&storage;
  socklen_t length = sizeof *four;
  if (inet_pton(AF_INET, host, &four->sin_addr) == 1) {
    four->sin_family = AF_INET;
    four->sin_port = htons((uint16_t)atoi(port));
  } else if (inet_pton(AF_INET6, host, &six->sin6_addr) == 1) {
    six->sin6_family = AF_INET6;
    six->sin6_port = htons((uint16_t)atoi(port));
    length = sizeof *six;
  }
  int const made = socket(storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK, 0);
  int error = made < 0 || connect(made, (struct sockaddr*)&storage, length) != 0 ? errno : 0;
  if (error == EINPROGRESS) {
    struct pollfd wait = {made, POLLOUT, 0};
    socklen_t size = sizeof error;
    if (poll(&wait, 1, milliseconds) == 0) error = ETIMEDOUT;
    else getsockopt(made, SOL_SOCKET, SO_ERROR, &error, &size);
  }
  puts(error == 0 ? "open" : strerrorname_np(error));
  return error != 0;
}

int main(int count, char** arguments) {
  if (count >= 4 && strcmp(arguments[1], "connect") == 0)
    return connect_to(arguments[2], arguments[3], count > 4 ? atoi(arguments[4]) : 1000);
  if (count != 2) return 2;
  identity = strcmp(arguments[1], "root") == 0 ? kRoot : strcmp(arguments[1], "display") == 0 ? kDisplay : kUser;
  for (size_t at = 0; at < sizeof rows / sizeof rows[0]; ++at) {
    struct row const* row = &rows[at];
    char const* expected = identity == kUser ? row->user : identity == kDisplay ? row->display : row->root;
    char const* seen = run_row(row);
    printf("%s\t%s\t%s\t%s\n", accepted(expected, seen) ? "ok" : "BAD", row->name, seen, expected);
  }
  return 0;
}
