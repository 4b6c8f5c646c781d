#include "libs/testing/postgres_server.h"

#include <chrono>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <thread>

#include <pwd.h>
#include <signal.h>
#include <unistd.h>

#include "libs/testing/process.h"

namespace oriel::testing {

namespace {

constexpr auto kBinaries = "/usr/lib/postgresql/15/bin/";
constexpr auto kAccount = "postgres";

std::string program(std::string_view name) { return kBinaries + std::string(name); }

}  // namespace

PostgresServer::PostgresServer() {
  auto const* const account = ::getpwnam(kAccount);
  if (account == nullptr) throw std::runtime_error("PostgreSQL is not installed: no account postgres");
  // mkdtemp made it 0700 for us; the server, and clients of any account, must pass through.
  std::filesystem::permissions(directory_.path(), std::filesystem::perms(0755));
  for (auto const* name : {"data", "socket"}) {
    std::filesystem::create_directory(directory_.path() / name);
    if (::geteuid() == 0 && ::chown(directory_.file(name).c_str(), account->pw_uid, account->pw_gid) != 0) {
      throw std::runtime_error("chown failed");
    }
  }
  run_program({program("initdb"), "-D", directory_.file("data"), "-A", "trust", "-U", "postgres", "--no-sync",
               "--no-locale", "-E", "UTF8"},
              kAccount);
  start();
}

PostgresServer::~PostgresServer() {
  try {
    if (running_) crash();
  } catch (std::exception const&) {
    // The directory goes away all the same, and with it the server.
  }
}

void PostgresServer::start() {
  std::string const settings =
      "-c listen_addresses='' -c fsync=off -c synchronous_commit=off -c full_page_writes=off -c "
      "max_connections=60 "
      "-c shared_preload_libraries=pg_stat_statements -c shared_buffers=16MB -c autovacuum=off -c "
      "log_min_messages=fatal -k " +
      socket_directory();
  run_program({program("pg_ctl"), "-w", "-t", "30", "-D", directory_.file("data"), "-l",
               directory_.file("data/log"), "-o", settings, "start"},
              kAccount);
  running_ = true;
}

void PostgresServer::crash() {
  run_program({program("pg_ctl"), "-w", "-t", "30", "-D", directory_.file("data"), "-m", "immediate", "stop"},
              kAccount);
  running_ = false;
}

std::string PostgresServer::socket_directory() const { return directory_.file("socket"); }

std::string PostgresServer::create_database(std::string const& name, std::string const& as_template) {
  run_program({program("createdb"), "-h", socket_directory(), "-U", "postgres", "-T", as_template, name});
  return connection(name);
}

std::string PostgresServer::connection(std::string const& database, std::string const& user) const {
  return "host=" + socket_directory() + " dbname=" + database + " user=" + user;
}

}  // namespace oriel::testing
