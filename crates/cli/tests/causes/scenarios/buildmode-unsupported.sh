#: needs go
#: said-by go
module <<'GO'
package main

func main() {}
GO
GOOS=linux GOARCH=mips64le go build -buildmode=c-shared -o app.so .
GOOS=linux GOARCH=mips64le CGO_ENABLED=1 go build -race -o app .
GOOS=windows GOARCH=amd64 go build -buildmode=plugin -o app.so .
