//! The smallest helper of the sandbox, for tests; and by itself it says what this machine grants: nothing on standard
//! output, status 0 for namespaces, 1 for none.
fn main() {
    goferry_proc::sandbox::enter_if_asked();
    let granted = goferry_proc::sandbox::probe() == goferry_proc::sandbox::Isolation::Namespaces;
    std::process::exit(i32::from(!granted));
}
