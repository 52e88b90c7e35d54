# The program that src/xdp loads into the kernel, compiled for it and kept within the library.
find_program(BPF_CLANG NAMES clang-19 clang REQUIRED)
set(filter_folder ${PROJECT_BINARY_DIR}/xdp)
file(MAKE_DIRECTORY ${filter_folder})
add_custom_command(
    OUTPUT ${filter_folder}/filter.bpf.o
    COMMAND ${BPF_CLANG} -target bpf -O2 -g -Wall -Werror
            -I/usr/include/${CMAKE_LIBRARY_ARCHITECTURE}
            -c ${PROJECT_SOURCE_DIR}/src/xdp/filter.bpf.c -o ${filter_folder}/filter.bpf.o
    DEPENDS ${PROJECT_SOURCE_DIR}/src/xdp/filter.bpf.c
    VERBATIM)
add_custom_command(
    OUTPUT ${filter_folder}/filter_object.cc
    COMMAND ${CMAKE_COMMAND} -DINPUT=${filter_folder}/filter.bpf.o
            -DOUTPUT=${filter_folder}/filter_object.cc -P ${PROJECT_SOURCE_DIR}/cmake/embed.cmake
    DEPENDS ${filter_folder}/filter.bpf.o ${PROJECT_SOURCE_DIR}/cmake/embed.cmake
    VERBATIM)
target_sources(xdp PRIVATE ${filter_folder}/filter_object.cc)
