#: needs go mips64el-linux-gnuabi64-gcc
#: said-by mips64el-linux-gnuabi64-gcc
cgo_module '#include <stdlib.h>
static int work(void) { return 1; }'
CC=mips64el-linux-gnuabi64-gcc CGO_ENABLED=1 GOARCH=mips64le GOMIPS64=softfloat go build -o app .

mended() { GOMIPS64=hardfloat CC=mips64el-linux-gnuabi64-gcc CGO_ENABLED=1 GOARCH=mips64le go build -o app .; }
