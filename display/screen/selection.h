#pragma once

#include <string>
#include <string_view>

namespace oriel::display {

/// What a selection tells.
class SelectionListener {
 public:
  virtual ~SelectionListener() = default;
  /// An application put text on the clipboard: UTF-8, at most limits::kClipboardText bytes.
  virtual void selection_changed(std::string text) = 0;
  /// An application's text was not taken; the reason is for people.
  virtual void selection_refused(std::string_view reason) = 0;
};

/// The clipboard of the session.
class Selection {
 public:
  virtual ~Selection() = default;
  /// Offers `text` to the applications.
  virtual void set_text(std::string text) = 0;
  /// Whether texts of applications are fetched at all: off while nobody may have them.
  virtual void set_wanted(bool wanted) = 0;
};

}  // namespace oriel::display
