#: needs go
#: said-by go
module <<'GO'
package main

func main() {}
GO
echo 'int work(void) { return 1; }' >work.c
CGO_ENABLED=0 go build -o app .
CGO_ENABLED=1 go build -o app .

mended() {
    sed -i '1i //go:build cgo\n' work.c
    CGO_ENABLED=0 go build -o app .
}
