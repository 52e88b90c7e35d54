# Writes INPUT, a binary file, as the bytes of kFilterObject into OUTPUT, a C++ source.
file(READ ${INPUT} bytes HEX)
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
string(REGEX REPLACE "(................................................................................)" "\\1\n" bytes "${bytes}")
file(WRITE ${OUTPUT} "// Made from filter.bpf.c.
#include \"xdp/filter_object.h\"

namespace nearcast::xdp {
// Aligned as the headers of an ELF file must be.
alignas(8) static constexpr uint8_t kBytes[] = {
${bytes}};
const std::span<const uint8_t> kFilterObject = kBytes;
}  // namespace nearcast::xdp
")
