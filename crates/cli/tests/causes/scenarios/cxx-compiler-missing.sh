#: needs go gcc
#: said-by go
cgo_module 'int work(void);'
echo 'extern "C" int work(void) { return 1; }' >work.cc
CXX=riscv32-linux-gnu-g++ CGO_ENABLED=1 go build -o app .
