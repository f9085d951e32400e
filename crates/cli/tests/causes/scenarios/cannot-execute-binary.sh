#: needs go bash unshare
#: said-by bash
module <<'GO'
package main

func main() {}
GO
GOARCH=arm64 go build -o app .
unregistered bash -c './app --version'
