// The one source that compiles Beast's own code (BOOST_BEAST_SEPARATE_COMPILATION).
#pragma clang diagnostic ignored "-Wall"
#include <boost/beast/src.hpp>
