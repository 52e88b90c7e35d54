# Turns the folder src/NAME into a library, a test program and its fuzzers.
#
#   nearcast_module(NAME [DEPENDS module...] [LIBRARIES library...] [TEST_UNDER command])
#
# A module a_b lies in src/a/b. TEST_UNDER starts its tests: something that they need around them.
#
# DEPENDS is the architecture: tools/tidy.py reads these lines and refuses an #include of a module
# that is not named here. LIBRARIES are programs of others, linked privately: only this folder may
# see their headers.
#
# A file's ending says what it is: *_test.cc goes into NAME_test, *_fuzz.cc becomes a fuzzer of its
# own (with NEARCAST_FUZZ) and, in every build, a replay of its corpus in tests/corpora/, *_bench.cc
# goes into NAME_bench (not part of `all`).

set(NEARCAST_WARNINGS -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow
                      -Wold-style-cast -Wnon-virtual-dtor -Werror)
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    # std::stable_sort of libstdc++ 12 uses what libstdc++ 12 calls deprecated; clang tells it us.
    list(APPEND NEARCAST_WARNINGS -Wno-deprecated-declarations)
endif()

function(nearcast_module name)
    cmake_parse_arguments(MODULE "" "TEST_UNDER" "DEPENDS;LIBRARIES" ${ARGN})
    string(REPLACE "_" "/" folder ${name})
    file(GLOB files CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/${folder}/*.cc)
    foreach(kind test fuzz bench)
        set(${kind}_files ${files})
        list(FILTER ${kind}_files INCLUDE REGEX "_${kind}\\.cc$")
    endforeach()
    list(FILTER files EXCLUDE REGEX "_(test|fuzz|bench)\\.cc$")

    if(files)
        add_library(${name} STATIC ${files})
        target_compile_options(${name} PRIVATE ${NEARCAST_WARNINGS})
        target_link_libraries(${name} PUBLIC ${MODULE_DEPENDS} PRIVATE ${MODULE_LIBRARIES})
        target_include_directories(${name} PUBLIC ${PROJECT_SOURCE_DIR}/src)
    else()
        add_library(${name} INTERFACE)
        target_link_libraries(${name} INTERFACE ${MODULE_DEPENDS} ${MODULE_LIBRARIES})
        target_include_directories(${name} INTERFACE ${PROJECT_SOURCE_DIR}/src)
    endif()

    if(test_files)
        add_executable(${name}_test ${test_files})
        target_compile_options(${name}_test PRIVATE ${NEARCAST_WARNINGS})
        target_link_libraries(${name}_test PRIVATE ${name} GTest::gmock GTest::gtest_main)
        add_test(NAME ${name} COMMAND ${MODULE_TEST_UNDER} $<TARGET_FILE:${name}_test>)
    endif()
    if(bench_files)
        add_executable(${name}_bench EXCLUDE_FROM_ALL ${bench_files})
        target_link_libraries(${name}_bench PRIVATE ${name} benchmark::benchmark_main)
    endif()
    foreach(file ${fuzz_files})
        nearcast_fuzzer(${name} ${file})
    endforeach()
endfunction()

# One fuzzer. With libFuzzer it explores; without, it replays the corpus as an ordinary test.
function(nearcast_fuzzer module file)
    get_filename_component(stem ${file} NAME_WE)
    if(NEARCAST_FUZZ)
        add_executable(${stem} ${file})
        target_link_libraries(${stem} PRIVATE ${module} -fsanitize=fuzzer)
    else()
        add_executable(${stem} ${file} ${PROJECT_SOURCE_DIR}/tests/corpora/replay.cc)
        target_link_libraries(${stem} PRIVATE ${module})
    endif()
    add_test(NAME ${stem} COMMAND ${stem} -runs=0 ${PROJECT_SOURCE_DIR}/tests/corpora/${stem})
endfunction()
