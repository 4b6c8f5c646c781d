// oriel-setup prepares the database for `oriel up`: one command a run, each safe to run again. See
// commands.h.
#include <cstdio>
#include <string>
#include <string_view>
#include <utility>

#include "libs/async/service.h"
#include "libs/base/log.h"
#include "libs/base/version.h"
#include "services/setup/commands.h"

namespace {

constexpr char kHelp[] =
    "oriel-setup COMMAND --config FILE: prepares an installation's database. Every command may be run "
    "again.\n"
    "  database                      roles, database, schema\n"
    "  first-users --credentials FILE   zone, groups, first users, first API key\n"
    "  images --file FILE            workspaces of the images that images/build.sh built\n"
    "  enrolment-token --output FILE    a token with which one agent may join within an hour\n"
    "  --help, --version\n";

struct Words {
  std::string command{};
  std::string config{};
  std::string credentials{};
  std::string file{};
  std::string output{};
};

oriel::Async<oriel::Result<>> run(oriel::Service& service, Words words) {
  namespace setup = oriel::setup;
  auto options = setup::read_options(words.config);
  if (!options) co_return options.error();
  oriel::Result<> done = oriel::fail(oriel::Code::kInvalid, "unknown command " + words.command);
  if (words.command == "database") {
    done = co_await setup::set_up_database(service.executor(), *options);
  } else if (words.command == "first-users") {
    done = co_await setup::create_first_users(service.executor(), *options, words.credentials);
  } else if (words.command == "images") {
    done = co_await setup::register_images(service.executor(), *options, words.file);
  } else if (words.command == "enrolment-token") {
    done = co_await setup::make_enrolment_token(service.executor(), *options, words.output);
  }
  co_return done;
}

}  // namespace

int main(int argc, char** argv) {
  Words words;
  for (int i = 1; i < argc; ++i) {
    std::string_view const word = argv[i];
    if (word == "--help") return std::fputs(kHelp, stdout), 0;
    if (word == "--version") return std::puts(oriel::version_line("oriel-setup").c_str()), 0;
    std::string* value = nullptr;
    if (word == "--config") value = &words.config;
    if (word == "--credentials") value = &words.credentials;
    if (word == "--file") value = &words.file;
    if (word == "--output") value = &words.output;
    if (value == nullptr && !word.starts_with("-") && words.command.empty()) {
      words.command = word;
      continue;
    }
    if (value == nullptr || i + 1 == argc) return std::fputs(kHelp, stderr), 2;
    *value = argv[++i];
  }
  auto const complete = (words.command == "database") ||
                        (words.command == "first-users" && !words.credentials.empty()) ||
                        (words.command == "images" && !words.file.empty()) ||
                        (words.command == "enrolment-token" && !words.output.empty());
  if (!complete || words.config.empty()) return std::fputs(kHelp, stderr), 2;
  oriel::log::configure("oriel-setup");
  return oriel::run_service({.name = "oriel-setup"},
                            [&](oriel::Service& service) { return run(service, words); });
}
