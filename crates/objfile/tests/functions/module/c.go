package main

// static int half(int n) { return n / 2; }
import "C"

func init() { hook = func() int { return int(C.half(C.int(twice(2)))) } }
