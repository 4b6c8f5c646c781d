#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "display/control/agent_link.h"
#include "display/control/init_link.h"
#include "display/control/messages.h"
#include "display/damage/heat_map.h"
#include "display/damage/picture.h"
#include "display/loop/event_loop.h"
#include "display/pacing/pacer.h"
#include "display/screen/window_system.h"
#include "display/session/viewer.h"
#include "display/transport/connection.h"
#include "display/transport/listener.h"

namespace oriel::display {

/// How the server is started.
struct Options {
  std::string control = "/run/oriel/control.sock";  ///< Empty: no agent.
  int init_descriptor = 3;                          ///< Used if it is a sequenced-packet socket.
  std::string listen;   ///< Development: a socket path of its own instead of the agent's.
  std::string display;  ///< Development: the X server instead of init's word.
  std::string authority;
  std::string ready = "window";
  std::string wallpaper = "/opt/oriel/share/wallpapers/default-dark.ppm";
  std::string session;  ///< Hex id.
  std::string runtime;  ///< Hash of the runtime tree.
};

/// The session's display server: brings screen, viewers, agent and init together. Everything runs on the
/// loop's thread.
class DisplayServer final : private ScreenListener, private SelectionListener, private ConnectionListener {
 public:
  DisplayServer(EventLoop& loop, Options options);
  ~DisplayServer() override;
  DisplayServer(DisplayServer const&) = delete;
  DisplayServer& operator=(DisplayServer const&) = delete;

  /// Connects to what the options name. Fails only for development options that cannot work.
  Result<> start();
  /// Says goodbye to the viewers and stops the loop shortly after.
  void shut_down();

 private:
  // Screen.
  void screen_damaged() override;
  void screen_resized(Size size) override;
  void cursor_changed(std::shared_ptr<Cursor const> cursor) override;
  [[nodiscard]] bool has_content(Rectangle const& area) override;
  void window_ready() override;
  void locks_changed(bool caps, bool num) override;
  void screen_lost(Error reason) override;
  // Selection.
  void selection_changed(std::string text) override;
  void selection_refused(std::string_view reason) override;
  // Connections.
  Result<> connection_requested(Connection& connection, UpgradeRequest const& request) override;
  void message_received(Connection& connection, std::uint8_t type,
                        std::span<std::uint8_t const> body) override;
  void connection_closed(Connection& connection) override;

  // The window system.
  void use_x_server(XServer server);
  void open_x_server();
  void apply_first_size();
  void apply_size(Size size);
  void paint_wallpaper();
  void begin_session();

  // Frames.
  void before_sleep();
  void plan_frames();
  void capture();
  [[nodiscard]] bool encode_some();

  // Viewers.
  void accepted(FileDescriptor socket);
  void use_listener(FileDescriptor listening);
  Viewer& viewer_of(std::string const& id);
  Viewer* viewer_of(Connection const& connection);
  void forget_viewer(std::string const& id);
  void limit_by_expiry(Connection& connection, std::int64_t expires);
  void display_message(Viewer& viewer, Connection& connection, std::uint8_t type,
                       std::span<std::uint8_t const> body);
  void input_message(Viewer& viewer, Connection& connection, std::uint8_t type,
                     std::span<std::uint8_t const> body);
  void clipboard_message(Connection& connection, std::uint8_t type, std::span<std::uint8_t const> body);
  void gave_input(Viewer& viewer);
  void wish_size(Viewer& viewer);
  void tell_pointer(Viewer const& mover, std::uint16_t x, std::uint16_t y);
  void send_states();
  void send_clipboard(Connection& connection);
  void update_selection_wish();
  [[nodiscard]] std::size_t viewer_count() const;

  // Agent and init.
  void agent_message(json::Object const& message, FileDescriptor descriptor);
  void init_message(json::Object const& message);
  void set_step(std::string step, std::string detail);
  void report_state();
  void report_viewers();
  void report_statistics();
  void send_viewer_statistics();
  void end_session(std::string const& reason);

  EventLoop& loop_;
  Options options_;
  std::unique_ptr<AgentLink> agent_;
  std::unique_ptr<InitLink> init_;
  std::unique_ptr<Listener> listener_;
  EventLoop::TimerId stop_timer_ = 0;

  // Session.
  std::optional<Begin> begin_;
  bool size_applied_ = false;
  std::optional<XServer> x_server_;
  std::string state_ = "starting";
  std::string step_ = "x";
  std::string detail_;
  std::string end_reason_;

  // Screen.
  std::unique_ptr<WindowSystem> window_system_;
  std::unique_ptr<WindowSystem> lost_window_system_;
  EventLoop::TimerId reconnect_ = 0;
  Picture picture_;
  BlockMap changed_;
  HeatMap heat_;
  bool damaged_ = false;
  bool capture_everything_ = false;
  std::uint64_t captures_ = 0;
  std::uint64_t capture_time_us_ = 0;
  std::uint64_t capture_us_total_ = 0;
  FrameClock clock_;
  EventLoop::TimerId frame_timer_ = 0;
  std::shared_ptr<Cursor const> cursor_;
  std::string clipboard_text_;
  bool has_clipboard_text_ = false;
  std::uint32_t clipboard_serial_ = 0;

  // Viewers.
  std::map<std::string, std::unique_ptr<Viewer>> viewers_;
  std::map<Connection*, std::unique_ptr<Connection>> connections_;
  std::vector<std::unique_ptr<Connection>> closed_;
  std::map<Connection*, EventLoop::TimerId> expiries_;
  std::string size_owner_;
  Time last_input_{};
  Time last_resize_{};
  EventLoop::TimerId resize_timer_ = 0;

  // Reports.
  Time last_viewers_report_{};
  std::size_t reported_viewers_ = 0;
  EventLoop::TimerId viewers_timer_ = 0;
  EventLoop::TimerId statistics_timer_ = 0;
  Viewer::Statistics reported_statistics_;
  EventLoop::TimerId viewer_statistics_timer_ = 0;
  struct LastStatistics {
    Time when{};
    Viewer::Statistics total;
    std::uint64_t captures = 0;
    std::uint64_t capture_us = 0;
  };
  std::map<std::string, LastStatistics> viewer_statistics_;
};

}  // namespace oriel::display
