#: needs go zig
#: said-by zig
module <<'GO'
package main

// int work(void) { return 1; }
import "C"

//export call
func call() { C.work() }

func main() { call() }
GO
CC='zig cc -target x86_64-linux-gnu.2.28' CGO_ENABLED=1 go build -o app .
