#: needs go gcc ld
#: said-by ld
module <<'GO'
package main

import "os/user"

func main() { println(user.Current()) }
GO
build() { CGO_ENABLED=1 go build -ldflags '-linkmode external -extldflags -static' "$@" -o app .; }
build

mended() {
    build -tags netgo,osusergo >said 2>&1
    ! grep warning said
}
