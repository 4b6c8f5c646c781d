// The one source that compiles Asio's own code (BOOST_ASIO_SEPARATE_COMPILATION).
#pragma clang diagnostic ignored "-Wall"
#include <boost/asio/impl/src.hpp>
