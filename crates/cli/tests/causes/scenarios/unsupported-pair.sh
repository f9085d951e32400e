#: needs go
#: said-by go
module <<'GO'
package main

func main() {}
GO
GOOS=linux GOARCH=aarch64 go build -o app .

mended() { GOOS=linux GOARCH=arm64 go build -o app .; }
