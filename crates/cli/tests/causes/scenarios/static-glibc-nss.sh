#: needs go gcc ld
#: said-by ld
cgo_module '#include <netdb.h>
#include <stddef.h>
static int work(void) { struct addrinfo *a; return getaddrinfo("localhost", "80", NULL, &a); }'
CGO_ENABLED=1 go build -ldflags '-linkmode external -extldflags -static' -o app .
