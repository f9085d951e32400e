#: needs go
#: said-by go
module <<'GO'
package main

func main() {}
GO
CGO_ENABLED=0 GOOS=android GOARCH=arm go build -o app .
CGO_ENABLED=0 GOOS=ios GOARCH=arm64 go build -o app .
