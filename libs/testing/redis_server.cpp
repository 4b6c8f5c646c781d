#include "libs/testing/redis_server.h"

#include <chrono>
#include <fstream>
#include <stdexcept>
#include <thread>

#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libs/testing/process.h"

namespace oriel::testing {

RedisServer::RedisServer(std::string password) : password_(std::move(password)) { start(); }

RedisServer::~RedisServer() { end_process(process_, SIGKILL); }

std::string RedisServer::socket_path() const { return directory_.file("redis.sock"); }

void RedisServer::start() {
  {
    std::ofstream configuration(directory_.file("redis.conf"));
    configuration << "port 0\nunixsocket " << socket_path() << "\nsave \"\"\nappendonly no\ndir "
                  << directory_.path().string() << "\n";
    if (!password_.empty()) configuration << "requirepass " << password_ << "\n";
  }
  process_ = start_program({"redis-server", directory_.file("redis.conf")});
  struct stat present{};
  for (int i = 0; i < 500; ++i) {
    if (::stat(socket_path().c_str(), &present) == 0) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  throw std::runtime_error("redis-server did not start");
}

void RedisServer::crash() {
  end_process(process_, SIGKILL);
  process_ = -1;
  ::unlink(socket_path().c_str());
}

}  // namespace oriel::testing
