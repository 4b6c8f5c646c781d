#include "libs/base/text.h"
#include "libs/docker/engine_state.h"

namespace oriel::docker {

namespace {

Network network_of(json::Value const& value) {
  Network network;
  network.id = text_at(value, "Id");
  network.name = text_at(value, "Name");
  network.driver = text_at(value, "Driver");
  network.labels = labels_at(value, "Labels");
  network.options = labels_at(value, "Options");
  network.internal = flag_at(value, "Internal");
  if (auto const* pools = member(value, "IPAM")) {
    if (auto const* list = member(*pools, "Config"); list != nullptr && list->is_array()) {
      for (auto const& pool : list->get_array()) {
        auto subnet = text_at(pool, "Subnet");
        if (subnet.find('.') == std::string::npos) continue;
        network.subnet = std::move(subnet);
        network.gateway = text_at(pool, "Gateway");
        break;
      }
    }
  }
  return network;
}

}  // namespace

Async<Result<std::string>> Engine::create_network(json::Object specification) {
  // Engines before API 1.44 make a second network of the same name otherwise.
  specification["CheckDuplicate"] = true;
  std::optional<json::Value> body(std::move(specification));
  auto answer = co_await state_->call("POST", "/networks/create", std::move(body), limits::kDockerCall);
  if (!answer) co_return answer.error();
  co_return text_at(*answer, "Id");
}

Async<Result<Network>> Engine::inspect_network(std::string id_or_name) {
  auto answer = co_await state_->call("GET", "/networks/" + percent_encode(id_or_name), std::nullopt,
                                      limits::kDockerCall);
  if (!answer) co_return answer.error();
  co_return network_of(*answer);
}

Async<Result<std::vector<Network>>> Engine::list_networks(Labels labels) {
  auto answer =
      co_await state_->call("GET", "/networks?" + filters(labels), std::nullopt, limits::kDockerCall);
  if (!answer) co_return answer.error();
  if (!answer->is_array()) co_return fail(Code::kInternal, "docker: the list of networks is no list");
  std::vector<Network> networks;
  for (auto const& value : answer->get_array()) networks.push_back(network_of(value));
  co_return networks;
}

Async<Result<>> Engine::remove_network(std::string id) {
  return state_->act("DELETE", "/networks/" + percent_encode(id), {404});
}

Async<Result<>> Engine::connect_network(std::string network, std::string container, json::Object endpoint) {
  json::Object body;
  body["Container"] = container;
  if (!endpoint.empty()) body["EndpointConfig"] = std::move(endpoint);
  return state_->act("POST", "/networks/" + percent_encode(network) + "/connect", {}, limits::kDockerCall,
                     json::Value(std::move(body)));
}

Async<Result<std::vector<Volume>>> Engine::list_volumes(Labels labels) {
  auto answer =
      co_await state_->call("GET", "/volumes?" + filters(labels), std::nullopt, limits::kDockerCall);
  if (!answer) co_return answer.error();
  std::vector<Volume> volumes;
  auto const* const list = member(*answer, "Volumes");
  if (list == nullptr || !list->is_array()) co_return volumes;  // Old engines say null for none.
  for (auto const& value : list->get_array()) {
    volumes.push_back({text_at(value, "Name"), text_at(value, "Driver"), text_at(value, "Mountpoint"),
                       labels_at(value, "Labels")});
  }
  co_return volumes;
}

Async<Result<>> Engine::remove_volume(std::string name) {
  return state_->act("DELETE", "/volumes/" + percent_encode(name), {404});
}

}  // namespace oriel::docker
