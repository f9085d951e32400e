#: needs go gcc
#: said-by go
cgo_module '#include <stdlib.h>' 'C.arc4random_of_another_system()'
CGO_ENABLED=1 go build -o app .
