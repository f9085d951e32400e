#: needs go gcc g++
#: said-by go
cgo_module 'int work(void);'
echo 'extern "C" int work(void) { return 1; }' >work.cc
PATH=$(only go gcc as ld) CGO_ENABLED=1 go build -o app .

mended() { CGO_ENABLED=1 go build -o app .; }
