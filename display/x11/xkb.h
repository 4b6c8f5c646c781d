#pragma once

// The library's header has members named with a C++ keyword.
#include <xcb/xcb.h>

#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wkeyword-macro"
#define explicit explicit_components
#include <xcb/xkb.h>
#undef explicit
#pragma clang diagnostic pop
