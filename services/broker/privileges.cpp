#include "services/broker/privileges.h"

#include <array>
#include <cerrno>

#include <grp.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace oriel::broker {

Result<> become_broker(uid_t user, gid_t agent_group, std::string const& docker_socket) {
  if (::geteuid() != 0) return {};
  struct stat socket{};
  if (::stat(docker_socket.c_str(), &socket) != 0) return fail_errno("look at " + docker_socket, errno);

  std::array<gid_t, 2> const groups{socket.st_gid, agent_group};
  if (::setgroups(groups.size(), groups.data()) != 0) return fail_errno("setgroups", errno);
  if (::prctl(PR_SET_KEEPCAPS, 1L, 0L, 0L, 0L) != 0) return fail_errno("keep capabilities", errno);
  if (::setresgid(user, user, user) != 0) return fail_errno("setresgid", errno);
  if (::setresuid(user, user, user) != 0) return fail_errno("setresuid", errno);

  // Kept were all; from here on it is NET_ADMIN in every set that exec looks at, and nothing else in any.
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, 2> data{};
  auto const bit = std::uint32_t{1} << CAP_NET_ADMIN;
  data[0] = {bit, bit, bit};
  if (::syscall(SYS_capset, &header, data.data()) != 0) return fail_errno("capset", errno);
  if (::prctl(PR_CAP_AMBIENT, static_cast<unsigned long>(PR_CAP_AMBIENT_RAISE),
              static_cast<unsigned long>(CAP_NET_ADMIN), 0UL, 0UL) != 0) {
    return fail_errno("raise the ambient capability", errno);
  }
  return {};
}

}  // namespace oriel::broker
