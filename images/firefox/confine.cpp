// Loaded into Firefox before its libraries (LD_PRELOAD): the part of a kiosk that no policy of Firefox can
// say.
//
// - File dialogs go nowhere but Downloads and Uploads: the folder jumps back, what lies outside is as if
// nothing were chosen.
// - Firefox starts no program but its own parts, and hands no file or address to another one.
// - No library is loaded from where a person can put one (a "security device" is a library of one's choice).
//
// This holds against who uses Firefox, not against code that runs in it: that is what the container is for.
// GTK is looked up at run time, so the same file also loads into Firefox's processes without it.
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

namespace {

constexpr char kDownloads[] = "/home/user/Downloads";
constexpr char kUploads[] = "/home/user/Uploads";
constexpr char kOwnParts[] = "/usr/lib/firefox-esr/";

struct StringList {  // GSList
  void* data;
  StringList* next;
};

template <typename Function>
Function next(char const* name) {
  return reinterpret_cast<Function>(dlsym(RTLD_NEXT, name));
}

/// GLib's and GTK's own, by name: null where they are not loaded.
template <typename Function>
Function loaded(char const* name) {
  return reinterpret_cast<Function>(dlsym(RTLD_DEFAULT, name));
}

bool is_beneath(char const* path, char const* directory) {
  size_t const length = strlen(directory);
  return strncmp(path, directory, length) == 0 && (path[length] == '/' || path[length] == '\0');
}

/// Whether a path, its links followed, is in one of the two folders. A file to be made is judged by where it
/// would lie.
bool is_allowed(char const* path) {
  if (path == nullptr) return false;
  char real[PATH_MAX];
  if (realpath(path, real) == nullptr) {
    char parent[PATH_MAX];
    char const* slash = strrchr(path, '/');
    if (errno != ENOENT || slash == nullptr || slash == path ||
        static_cast<size_t>(slash - path) >= sizeof parent)
      return false;
    memcpy(parent, path, static_cast<size_t>(slash - path));
    parent[slash - path] = '\0';
    if (realpath(parent, real) == nullptr) return false;
  }
  return is_beneath(real, kDownloads) || is_beneath(real, kUploads);
}

/// What the dialog chose, when it may. The caller frees it with GLib's g_free.
char* allowed_choice(void* chooser) {
  auto* const get = loaded<char* (*)(void*)>("gtk_file_chooser_get_filename");
  auto* const release = loaded<void (*)(void*)>("g_free");
  if (get == nullptr || release == nullptr) return nullptr;
  char* const path = get(chooser);
  if (is_allowed(path)) return path;
  release(path);
  return nullptr;
}

void return_to_downloads(void* chooser, void*) {
  auto* const current = loaded<char* (*)(void*)>("gtk_file_chooser_get_current_folder");
  auto* const go = loaded<int (*)(void*, char const*)>("gtk_file_chooser_set_current_folder");
  auto* const release = loaded<void (*)(void*)>("g_free");
  if (current == nullptr || go == nullptr || release == nullptr) return;
  char* const folder = current(chooser);
  // Recently used files and searches have no folder: what is chosen there is looked at when it is taken.
  if (folder != nullptr && !is_allowed(folder)) go(chooser, kDownloads);
  release(folder);
}

void confine_if_chooser(void* widget) {
  auto* const chooser_type = loaded<size_t (*)()>("gtk_file_chooser_get_type");
  auto* const is_a = loaded<int (*)(void*, size_t)>("g_type_check_instance_is_a");
  auto* const connect =
      loaded<unsigned long (*)(void*, char const*, void*, void*, void*, int)>("g_signal_connect_data");
  auto* const current = loaded<char* (*)(void*)>("gtk_file_chooser_get_current_folder");
  auto* const go = loaded<int (*)(void*, char const*)>("gtk_file_chooser_set_current_folder");
  auto* const release = loaded<void (*)(void*)>("g_free");
  if (widget == nullptr || chooser_type == nullptr || is_a == nullptr || connect == nullptr ||
      current == nullptr || go == nullptr || release == nullptr || is_a(widget, chooser_type()) == 0)
    return;
  connect(widget, "current-folder-changed", reinterpret_cast<void*>(return_to_downloads), nullptr, nullptr,
          0);
  // Without a folder of its own GTK would start in the home.
  char* const folder = current(widget);
  if (!is_allowed(folder)) go(widget, kDownloads);
  release(folder);
}

bool is_own_part(char const* program) {
  char real[PATH_MAX];
  return program != nullptr && realpath(program, real) != nullptr &&
         strncmp(real, kOwnParts, sizeof kOwnParts - 1) == 0;
}

/// Firefox's own add-on libraries (video decoders) lie in its profile, where no dialog leads.
bool is_trusted_library(char const* path) {
  if (strchr(path, '/') == nullptr) return true;  // from the system's directories
  char real[PATH_MAX];
  if (realpath(path, real) == nullptr) return true;  // fails by itself
  return is_beneath(real, "/usr") || is_beneath(real, "/opt") || is_beneath(real, "/lib") ||
         is_beneath(real, "/lib64") || is_beneath(real, "/home/user/.mozilla");
}

}  // namespace

extern "C" {

// How Firefox brings a dialog of its own up.
void gtk_widget_show(void* widget) {
  confine_if_chooser(widget);
  next<void (*)(void*)>("gtk_widget_show")(widget);
}
int gtk_dialog_run(void* dialog) {
  confine_if_chooser(dialog);
  return next<int (*)(void*)>("gtk_dialog_run")(dialog);
}

char* gtk_file_chooser_get_uri(void* chooser) {
  char* const path = allowed_choice(chooser);
  if (path == nullptr) return nullptr;
  auto* const release = loaded<void (*)(void*)>("g_free");
  auto* const to_uri = loaded<char* (*)(char const*, char const*, void*)>("g_filename_to_uri");
  char* const uri = to_uri == nullptr ? nullptr : to_uri(path, nullptr, nullptr);
  release(path);
  return uri;
}

StringList* gtk_file_chooser_get_filenames(void* chooser) {
  auto* const all = next<StringList* (*)(void*)>("gtk_file_chooser_get_filenames")(chooser);
  for (StringList* one = all; one != nullptr; one = one->next) {
    if (!is_allowed(static_cast<char const*>(one->data))) {
      auto* const release_all = loaded<void (*)(StringList*, void*)>("g_slist_free_full");
      auto* const release = loaded<void*>("g_free");
      if (release_all != nullptr) release_all(all, release);
      return nullptr;
    }
  }
  return all;
}

char* gtk_file_chooser_get_preview_filename(void* chooser) {
  char* const path = next<char* (*)(void*)>("gtk_file_chooser_get_preview_filename")(chooser);
  if (is_allowed(path)) return path;
  auto* const release = loaded<void (*)(void*)>("g_free");
  if (release != nullptr) release(path);
  return nullptr;
}

// Other programs.
int g_app_info_launch(void*, void*, void*, void*) { return 0; }
int g_app_info_launch_uris(void*, void*, void*, void*) { return 0; }
int g_app_info_launch_default_for_uri(char const*, void*, void*) { return 0; }
int gtk_show_uri(void*, char const*, unsigned, void*) { return 0; }

int execve(char const* path, char* const arguments[], char* const environment[]) {
  if (is_own_part(path))
    return next<int (*)(char const*, char* const[], char* const[])>("execve")(path, arguments, environment);
  errno = EACCES;
  return -1;
}
int execv(char const* path, char* const arguments[]) { return execve(path, arguments, environ); }
int execvp(char const* path, char* const arguments[]) { return execve(path, arguments, environ); }
int execvpe(char const* path, char* const arguments[], char* const environment[]) {
  return execve(path, arguments, environment);
}
int posix_spawn(pid_t* process, char const* path, posix_spawn_file_actions_t const* actions,
                posix_spawnattr_t const* attributes, char* const arguments[], char* const environment[]) {
  if (!is_own_part(path)) return EACCES;
  using Spawn = int (*)(pid_t*, char const*, posix_spawn_file_actions_t const*, posix_spawnattr_t const*,
                        char* const[], char* const[]);
  return next<Spawn>("posix_spawn")(process, path, actions, attributes, arguments, environment);
}
int posix_spawnp(pid_t* process, char const* path, posix_spawn_file_actions_t const* actions,
                 posix_spawnattr_t const* attributes, char* const arguments[], char* const environment[]) {
  return posix_spawn(process, path, actions, attributes, arguments, environment);
}

void* dlopen(char const* path, int flags) {
  if (path != nullptr && !is_trusted_library(path)) return nullptr;
  return next<void* (*)(char const*, int)>("dlopen")(path, flags);
}

}  // extern "C"
