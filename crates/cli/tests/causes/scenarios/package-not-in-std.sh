#: needs go
#: said-by go
module <<'GO'
package main

import _ "log/slog/v3"

func main() {}
GO
go build -o app .
