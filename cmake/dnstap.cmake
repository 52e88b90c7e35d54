# What src/observe encodes dnstap with, made from its description of the format.
set(dnstap_folder ${PROJECT_BINARY_DIR}/dnstap)
file(MAKE_DIRECTORY ${dnstap_folder})
add_custom_command(
    OUTPUT ${dnstap_folder}/dnstap.pb-c.c ${dnstap_folder}/dnstap.pb-c.h
    COMMAND ${PROTOC_C} --c_out=${dnstap_folder} --proto_path=${PROJECT_SOURCE_DIR}/src/observe
            ${PROJECT_SOURCE_DIR}/src/observe/dnstap.proto
    DEPENDS ${PROJECT_SOURCE_DIR}/src/observe/dnstap.proto
    VERBATIM)
# Its code is C that a C++ compiler takes too; our warnings are not for it.
set_source_files_properties(${dnstap_folder}/dnstap.pb-c.c PROPERTIES
                            LANGUAGE CXX COMPILE_OPTIONS "-w")
target_sources(observe PRIVATE ${dnstap_folder}/dnstap.pb-c.c ${dnstap_folder}/dnstap.pb-c.h)
target_include_directories(observe SYSTEM PRIVATE ${dnstap_folder})
