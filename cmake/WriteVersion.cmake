# Writes the version include, only when it changed.
file(STRINGS "${SOURCE_DIR}/VERSION" release LIMIT_COUNT 1)
set(commit "unknown")
if(EXISTS "${SOURCE_DIR}/.oriel-commit")  # a source archive names its commit
  file(STRINGS "${SOURCE_DIR}/.oriel-commit" commit LIMIT_COUNT 1)
endif()
find_program(git git)
if(git AND EXISTS "${SOURCE_DIR}/.git")
  execute_process(COMMAND ${git} -C ${SOURCE_DIR} -c safe.directory=* rev-parse --short=10 HEAD
    OUTPUT_VARIABLE commit OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  execute_process(COMMAND ${git} -C ${SOURCE_DIR} -c safe.directory=* describe --tags --match "v[0-9]*"
    OUTPUT_VARIABLE described OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  if(described MATCHES "^v([0-9.]+)-([0-9]+)-g")
    set(release "${CMAKE_MATCH_1}-${CMAKE_MATCH_2}")
  elseif(described MATCHES "^v([0-9.]+)$")
    set(release "${CMAKE_MATCH_1}")
  endif()
endif()
file(CONFIGURE OUTPUT "${OUTPUT}" CONTENT
"inline constexpr char kVersion[] = \"${release}\";
inline constexpr char kCommit[] = \"${commit}\";
" @ONLY)
