#: needs go unshare goferry qemu-aarch64-static
#: said-by go
module <<'GO'
package main

func main() {}
GO
cat >main_test.go <<'GO'
package main

import "testing"

func Test(t *testing.T) {}
GO
unregistered env GOARCH=arm64 go test ./...
unregistered env GOARCH=arm64 go run .

mended() { goferry run linux/arm64; }
