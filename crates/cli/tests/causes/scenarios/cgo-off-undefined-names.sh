#: needs go aarch64-linux-gnu-gcc
#: said-by go
module <<'GO'
package main

func main() { println(answer()) }
GO
cat >answer.go <<'GO'
package main

// static int answer(void) { return 42; }
import "C"

func answer() int { return int(C.answer()) }
GO
GOOS=linux GOARCH=arm64 go build -o app .

mended() { CC=aarch64-linux-gnu-gcc CGO_ENABLED=1 GOOS=linux GOARCH=arm64 go build -o app .; }
