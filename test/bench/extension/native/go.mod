module weir.example/native

go 1.22
