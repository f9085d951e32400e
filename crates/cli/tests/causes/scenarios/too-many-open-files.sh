#: needs go
#: said-by go
module <<'GO'
package main

import _ "errors"

func main() {}
GO
# A cache of its own: the go command keeps there that it did not find the files which it could not open.
export GOCACHE=$PWD/cache
(ulimit -n 9; go build -o app .)

mended() { go clean -cache && go list -deps .; }
