#: needs go qemu-aarch64-static
#: said-by qemu-aarch64-static
GOARCH=arm64 CGO_ENABLED=0 go install -ldflags='-s -w' github.com/go-delve/delve/cmd/dlv@v1.25.2
module <<'GO'
package main

func main() {}
GO
GOARCH=arm64 go build -o app .
echo quit | qemu-aarch64-static "$(go env GOPATH)/bin/linux_arm64/dlv" exec --allow-non-terminal-interactive=true ./app
