#: needs go mips64el-linux-gnuabi64-gcc mips64el-linux-gnuabi64-ld
#: said-by mips64el-linux-gnuabi64-ld
# MIPS before release 6 cannot count bits in one instruction, gcc calls libgcc.
cgo_module '#cgo LDFLAGS: -nodefaultlibs -lc
static int work(unsigned long n) { return __builtin_popcountl(n); }' 'println(C.work(7))'
CC=mips64el-linux-gnuabi64-gcc CGO_ENABLED=1 GOARCH=mips64le CGO_LDFLAGS_ALLOW=-nodefaultlibs go build -o app .

mended() { CGO_LDFLAGS=-lgcc CGO_LDFLAGS_ALLOW=-nodefaultlibs CC=mips64el-linux-gnuabi64-gcc CGO_ENABLED=1 GOARCH=mips64le go build -o app .; }
