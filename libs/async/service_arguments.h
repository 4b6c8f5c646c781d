#pragma once

#include <memory>
#include <optional>
#include <string>

namespace oriel {

/// A service's command line: `--config FILE` (required), `--log-level LEVEL`, `--help`, `--version`, and what
/// the service adds. For main(), before any thread.
class ServiceArguments {
 public:
  /// `name` as oriel-api; `description` is one sentence for `--help`.
  ServiceArguments(std::string name, std::string description);
  ~ServiceArguments();
  ServiceArguments(ServiceArguments const&) = delete;
  ServiceArguments& operator=(ServiceArguments const&) = delete;

  /// One more option with a value, as `--enrolment-token-file`. `into` outlives read().
  void option(std::string const& name, std::string& into, std::string const& help);

  /// Reads the words and configures the log. An exit code when the process has nothing more to do: 0 after
  /// `--help` and `--version`, 2 after a wrong word, which is explained on stderr.
  [[nodiscard]] std::optional<int> read(int argument_count, char** arguments);

  /// The path of config.json.
  [[nodiscard]] std::string const& config() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace oriel
