# Every third-party library is named here once; targets use these names only.
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)

set(Boost_USE_STATIC_LIBS ON)
find_package(Boost 1.81 REQUIRED COMPONENTS json url container system)

# The Boost macros change the layout of what is compiled, so they are the same in every source.
add_library(oriel_boost INTERFACE)
target_compile_definitions(oriel_boost INTERFACE
  BOOST_ASIO_SEPARATE_COMPILATION
  BOOST_BEAST_SEPARATE_COMPILATION
  BOOST_ASIO_NO_DEPRECATED
  BOOST_ASIO_DISABLE_BOOST_ARRAY
  BOOST_ASIO_DISABLE_BOOST_BIND
  BOOST_ASIO_DISABLE_BOOST_REGEX
  BOOST_BEAST_USE_STD_STRING_VIEW)
target_include_directories(oriel_boost SYSTEM INTERFACE ${Boost_INCLUDE_DIRS})
target_link_libraries(oriel_boost INTERFACE Threads::Threads)

# oriel_package(target pkg-config-name): an imported library with SYSTEM headers, absent when not installed.
function(oriel_package target module)
  pkg_check_modules(${target} QUIET IMPORTED_TARGET ${module})
  if(${target}_FOUND)
    add_library(${target} INTERFACE)
    target_link_libraries(${target} INTERFACE PkgConfig::${target})
    target_include_directories(${target} SYSTEM INTERFACE ${${target}_INCLUDE_DIRS})
  else()
    message(STATUS "oriel: ${module} is not installed; what needs ${target} is skipped")
  endif()
endfunction()

oriel_package(oriel_libpq libpq)
oriel_package(oriel_hiredis hiredis)
oriel_package(oriel_sodium libsodium)
oriel_package(oriel_openssl openssl)

find_package(GTest QUIET)
