#include "init/manifest.h"

#include "init/limits.h"

namespace oriel::init {
namespace {

bool is_absolute(std::string_view path) {
  return path.starts_with('/') && path.find('\0') == std::string_view::npos;
}

Result<> check_command(std::string_view member, std::vector<std::string> const& command) {
  std::string const where(member);
  if (command.empty()) return fail(Code::kInvalid, where + " is empty");
  if (!is_absolute(command.front())) return fail(Code::kInvalid, where + " must start with an absolute path");
  for (auto const& word : command) {
    if (word.find('\0') != std::string::npos) return fail(Code::kInvalid, where + " contains a NUL");
  }
  return {};
}

}  // namespace

Result<Manifest> parse_manifest(std::string_view text) {
  if (text.size() > limits::kManifestBytes)
    return fail(Code::kTooLarge, "the manifest is larger than 64 KiB");
  auto manifest = json::parse_as<Manifest>(text, json::Unknown::kIgnore);
  if (!manifest) return manifest.error();
  if (manifest->contract != "oriel/1") {
    return fail(Code::kUnsupported,
                "the image's contract is \"" + manifest->contract + "\", this runtime speaks oriel/1");
  }
  if (auto checked = check_command("x.command", manifest->x.command); !checked) return checked.error();
  if (auto checked = check_command("application.command", manifest->application.command); !checked)
    return checked.error();
  if (!is_absolute(manifest->home)) return fail(Code::kInvalid, "home must be an absolute path");
  if (manifest->user.empty()) return fail(Code::kInvalid, "user is empty");
  auto& directory = manifest->application.working_directory;
  if (directory.empty()) directory = manifest->home;
  if (!is_absolute(directory))
    return fail(Code::kInvalid, "application.working_directory must be an absolute path");
  return manifest;
}

json::Object manifest_for_display(std::string_view text) {
  auto value = json::parse(text);
  if (!value || !value->is_object()) return {};
  json::Object manifest = value->as_object();
  manifest.erase("icon");
  return manifest;
}

}  // namespace oriel::init
