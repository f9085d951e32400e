#: needs go
#: said-by go
module <<'GO'
package main

func main() {}
GO
GOOS=linux GOARCH=aarch64 go build -o app .
