# One compiler and one flag set. g++ 12 miscompiles everyday coroutine code, and objects of two
# compilers do not link together under Asio's separate compilation.
if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang" OR CMAKE_CXX_COMPILER_VERSION VERSION_LESS 19)
  message(FATAL_ERROR
    "Oriel is built with clang 19 or newer, found ${CMAKE_CXX_COMPILER_ID} ${CMAKE_CXX_COMPILER_VERSION}. "
    "Install clang-19 and lld-19, then configure in a new build directory with --preset dev "
    "(or -DCMAKE_CXX_COMPILER=clang++-19 -DCMAKE_C_COMPILER=clang-19).")
endif()

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Debug CACHE STRING "Debug or Release" FORCE)
endif()

set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_CXX_SCAN_FOR_MODULES OFF)

set(CMAKE_CXX_FLAGS_DEBUG "-O0 -g1" CACHE STRING "" FORCE)
set(CMAKE_C_FLAGS_DEBUG "-O0 -g1" CACHE STRING "" FORCE)
# ORIEL_ASSERT does not look at NDEBUG: our own checks stay on in what we ship.
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -g1 -DNDEBUG -D_FORTIFY_SOURCE=2 -fstack-protector-strong" CACHE STRING "" FORCE)
set(CMAKE_C_FLAGS_RELEASE "-O2 -g1 -DNDEBUG -D_FORTIFY_SOURCE=2 -fstack-protector-strong" CACHE STRING "" FORCE)

find_program(ORIEL_CCACHE ccache)
if(ORIEL_CCACHE)
  # Paths below the checkout count as relative, so that every build tree of every checkout shares what was compiled.
  set(oriel_launcher "${CMAKE_COMMAND}" -E env "CCACHE_BASEDIR=${CMAKE_SOURCE_DIR}" CCACHE_NOHASHDIR=1 "${ORIEL_CCACHE}")
  set(CMAKE_CXX_COMPILER_LAUNCHER ${oriel_launcher})
  set(CMAKE_C_COMPILER_LAUNCHER ${oriel_launcher})
endif()

add_compile_options(-Wall -Wextra -Wpedantic -Werror -Wshadow
  "$<$<COMPILE_LANGUAGE:CXX>:-Wconversion;-Wnon-virtual-dtor;-Woverloaded-virtual>"
  "-ffile-prefix-map=${CMAKE_SOURCE_DIR}=." -fno-omit-frame-pointer)
add_link_options(-fuse-ld=lld)

# Two cores, and a link of a debug binary takes 300 MB: one link at a time is faster.
set_property(GLOBAL PROPERTY JOB_POOLS oriel_link=1)
set(CMAKE_JOB_POOL_LINK oriel_link)

# A test build whose services can be killed, fail or wait at named steps (libs/async/failpoint.h). Never what is shipped.
option(ORIEL_FAILPOINTS "Compile the failpoints in" OFF)
if(ORIEL_FAILPOINTS)
  add_compile_definitions(ORIEL_FAILPOINTS)
endif()

set(ORIEL_SANITIZER "" CACHE STRING "address,undefined or thread")
if(ORIEL_SANITIZER)
  add_compile_options(-fsanitize=${ORIEL_SANITIZER} -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${ORIEL_SANITIZER})
endif()
