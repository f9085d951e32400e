//! The smallest helper of the sandbox, for tests; and by itself it says what this machine grants: nothing on standard
//! output, status 0 for namespaces, 1 for none. `in-root ORDERS` runs a program in a folder, as a helper with many users does.
fn main() {
    goferry_proc::sandbox::enter_if_asked();
    let mut args = std::env::args().skip(1);
    if args.next().as_deref() == Some("in-root") {
        std::process::exit(in_root(&args.next().unwrap_or_default()));
    }
    let granted = goferry_proc::sandbox::probe() == goferry_proc::sandbox::Isolation::Namespaces;
    std::process::exit(i32::from(!granted));
}

#[cfg(target_os = "linux")]
fn in_root(orders: &str) -> i32 {
    let ran = serde_json::from_str(orders).map_err(Into::into).and_then(|o| goferry_proc::root::run(&o));
    ran.map_or(125, goferry_proc::Status::shell_code)
}

#[cfg(not(target_os = "linux"))]
fn in_root(_: &str) -> i32 {
    125
}
