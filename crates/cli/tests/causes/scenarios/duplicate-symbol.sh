#: needs go gcc ld
#: said-by ld
module <<'GO'
package main

// int work(void) { return 1; }
import "C"

//export call
func call() { C.work() }

func main() { call() }
GO
CGO_ENABLED=1 go build -o app .

mended() {
    sed -i 's|^// int work.*|// int work(void);|' main.go
    echo 'int work(void) { return 1; }' >work.c
    CGO_ENABLED=1 go build -o app .
}
