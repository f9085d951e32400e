#: needs go gcc g++ ar ld
#: said-by ld
# A C++ library, and no C++ file in the package: Go links with gcc.
cat >work.cc <<'CC'
#include <string>
extern "C" int work(void) { std::string s("abc"); return new std::string(s + s) != nullptr; }
CC
mkdir lib
g++ -c -o work.o work.cc && ar rc lib/libwork.a work.o && rm work.cc work.o
cgo_module '#cgo LDFLAGS: -L${SRCDIR}/lib -lwork
int work(void);'
CGO_ENABLED=1 go build -o app .

mended() { CGO_LDFLAGS=-lstdc++ CGO_ENABLED=1 go build -o app .; }
