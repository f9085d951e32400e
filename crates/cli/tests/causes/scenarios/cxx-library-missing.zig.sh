#: needs go zig g++ ar
#: said-by zig
echo 'extern "C" int work(void) { throw 1; }' >work.cc
mkdir lib
g++ -c -o work.o work.cc && ar rc lib/libwork.a work.o && rm work.cc work.o
cgo_module '#cgo LDFLAGS: -L${SRCDIR}/lib -lwork
int work(void);'
CC='zig cc -target x86_64-linux-gnu.2.28' CGO_ENABLED=1 go build -o app .
