//! Flame graphs as SVG: self-contained, without scripts; a function's numbers show when the mouse rests on it.
//!
//! Owns: the layout. The same profile gives the same bytes: siblings are sorted by name, colours come from packages.

use super::Profile;
use goferry_objfile::pclntab::SymbolName;
use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;

const WIDTH: f64 = 1200.0;
const MARGIN: f64 = 10.0;
const ROW: f64 = 17.0;
const HEAD: f64 = 44.0;
/// Narrower ones would not be seen.
const LEAST: f64 = 0.3;
/// What a letter takes, in the font's size.
const LETTER: f64 = 6.6;
const MAX_DEPTH: usize = 500;

/// A function below another.
#[derive(Default)]
struct Node {
    nanos: u64,
    count: u64,
    below: BTreeMap<String, Node>,
}

impl Node {
    fn of(profile: &Profile) -> Node {
        let mut root = Node::default();
        for (stack, weight) in &profile.stacks {
            let mut node = &mut root;
            node.nanos += weight.nanos;
            node.count += weight.count;
            for frame in stack.iter().take(MAX_DEPTH) {
                node = node.below.entry(frame.function.clone()).or_default();
                node.nanos += weight.nanos;
                node.count += weight.count;
            }
        }
        root
    }

    fn depth(&self) -> usize {
        1 + self.below.values().map(Node::depth).max().unwrap_or(0)
    }
}

/// A part of the picture.
struct Panel<'p> {
    left: f64,
    width: f64,
    /// Where the lowest row begins.
    bottom: f64,
    total: u64,
    colour: &'p dyn Fn(&str, u64) -> String,
    note: &'p dyn Fn(&str) -> String,
}

/// Draws one profile.
pub fn svg(profile: &Profile, title: &str) -> String {
    let root = Node::of(profile);
    let height = HEAD + root.depth() as f64 * ROW + MARGIN;
    let mut out = head(WIDTH, height);
    text(&mut out, MARGIN, 18.0, 15, &heading(profile, title));
    let panel = Panel {
        left: MARGIN,
        width: WIDTH - 2.0 * MARGIN,
        bottom: height - MARGIN - ROW,
        total: root.nanos,
        colour: &|name, _| by_package(name),
        note: &|_| String::new(),
    };
    panel.draw(&mut out, "all", &root, 0.0, 0);
    out + "</svg>\n"
}

/// Draws two profiles of the same program side by side. A function is red where it has a larger share than in the
/// other, blue where it has a smaller one.
pub fn compare(first: (&Profile, &str), second: (&Profile, &str)) -> String {
    let roots = [Node::of(first.0), Node::of(second.0)];
    let shares = [shares(first.0), shares(second.0)];
    let depth = roots.iter().map(Node::depth).max().unwrap_or(0);
    let height = HEAD + depth as f64 * ROW + MARGIN;
    let width = WIDTH * 1.5;
    let half = width / 2.0;
    let mut out = head(width, height);
    for (side, (profile, title)) in [first, second].into_iter().enumerate() {
        let left = MARGIN + side as f64 * half;
        text(&mut out, left, 18.0, 15, &heading(profile, title));
        text(&mut out, left, 34.0, 11, "red: a larger share than in the other; blue: a smaller one");
        let share = |side: usize, name: &str| shares[side].get(name).copied().unwrap_or(0.0);
        let panel = Panel {
            left,
            width: half - 2.0 * MARGIN,
            bottom: height - MARGIN - ROW,
            total: roots[side].nanos,
            colour: &|name, _| by_difference(share(side, name) - share(1 - side, name)),
            note: &|name| format!("\n{} in the other", percent(share(1 - side, name))),
        };
        panel.draw(&mut out, "all", &roots[side], 0.0, 0);
    }
    out + "</svg>\n"
}

/// The share of the whole time that each function has, with all that it calls.
fn shares(profile: &Profile) -> HashMap<String, f64> {
    let total = profile.total().nanos.max(1) as f64;
    let mut out: HashMap<String, f64> =
        profile.top().into_iter().map(|t| (t.function, t.total as f64 / total)).collect();
    out.insert("all".to_owned(), 1.0);
    out
}

fn heading(profile: &Profile, title: &str) -> String {
    let total = profile.total();
    format!("{title}: {:.2} s of CPU, {} samples", total.nanos as f64 / 1e9, total.count)
}

impl Panel<'_> {
    /// Draws a node and what is below it, `before` nanoseconds from the left.
    fn draw(&self, out: &mut String, name: &str, node: &Node, before: f64, row: usize) {
        let scale = self.width / self.total.max(1) as f64;
        let (x, width) = (self.left + before * scale, node.nanos as f64 * scale);
        if width < LEAST {
            return;
        }
        let y = self.bottom - row as f64 * ROW;
        let share = node.nanos as f64 / self.total.max(1) as f64;
        let seconds = node.nanos as f64 / 1e9;
        let tip = format!(
            "{name}\n{}, {seconds:.3} s, {} samples{}",
            percent(share),
            node.count,
            (self.note)(name)
        );
        // Writing to a String cannot fail.
        let _ = write!(
            out,
            "<g><title>{}</title><rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{:.1}\" fill=\"{}\"/>",
            escape(&tip),
            ROW - 1.0,
            (self.colour)(name, node.nanos)
        );
        let letters = ((width - 6.0) / LETTER) as usize;
        if letters >= 3 {
            text(out, x + 3.0, y + 12.0, 11, &shortened(name, letters));
        }
        out.push_str("</g>\n");
        let mut before = before;
        for (name, node) in &node.below {
            self.draw(out, name, node, before, row + 1);
            before += node.nanos as f64;
        }
    }
}

fn head(width: f64, height: f64) -> String {
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:.0}\" height=\"{height:.0}\" viewBox=\"0 0 {width:.0} {height:.0}\" \
         font-family=\"monospace\">\n<style>g:hover rect{{stroke:#000}}</style>\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n"
    )
}

fn text(out: &mut String, x: f64, y: f64, size: u32, text: &str) {
    let _ = write!(out, "<text x=\"{x:.1}\" y=\"{y:.1}\" font-size=\"{size}\">{}</text>", escape(text));
}

fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

/// The end of a name says more than its beginning.
fn shortened(name: &str, letters: usize) -> String {
    let count = name.chars().count();
    if count <= letters {
        return name.to_owned();
    }
    let tail: String = name.chars().skip(count - (letters - 1)).collect();
    format!("…{tail}")
}

/// A name as XML; what a name cannot have is left out of it.
fn escape(text: &str) -> String {
    let odd = |c: &char| (c.is_control() && *c != '\n') || matches!(c, '\u{fffe}' | '\u{ffff}');
    crate::xml::escaped(&text.chars().filter(|c| !odd(c)).collect::<String>())
}

/// A warm colour for each package, grey for what is no function.
fn by_package(name: &str) -> String {
    if name == "all" || name.starts_with('[') {
        return "#d0d0d0".to_owned();
    }
    // FNV-1a, 32 bits.
    let package = SymbolName::parse(name).package;
    let hash = package.bytes().fold(0x811c_9dc5_u32, |h, b| (h ^ u32::from(b)).wrapping_mul(0x0100_0193));
    let (green, blue) = (130 + hash % 100, 60 + hash / 100 % 60);
    format!("#{:02x}{green:02x}{blue:02x}", 225 + hash / 10_000 % 30)
}

/// White for the same share; red or blue, full at a difference of 20 hundredths.
fn by_difference(difference: f64) -> String {
    let strength = (difference.abs() / 0.2).min(1.0);
    let faded = (245.0 - 145.0 * strength) as u8;
    if difference >= 0.0 {
        format!("#f5{faded:02x}{faded:02x}")
    } else {
        format!("#{faded:02x}{faded:02x}f5")
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Frame, Weight, sample};
    use super::*;

    #[test]
    fn widths_are_shares() {
        let picture = svg(&sample(), "a<b>");
        assert!(picture.starts_with("<svg") && picture.ends_with("</svg>\n"));
        assert!(picture.contains("a&lt;b&gt;: 0.00 s of CPU, 100 samples"));
        let line = |name: &str| picture.lines().find(|l| l.contains(&format!("<title>{name}&#10;"))).unwrap();
        assert!(line("main.mix").contains("60.0 %") && line("main.mix").contains("width=\"708.0\""));
        assert!(line("main.hot").contains("90.0 %, 0.000 s, 90 samples"));
        assert!(line("all").contains("width=\"1180.0\""));
        assert_eq!(picture, svg(&sample(), "a<b>"));
        // Every row stands in the picture.
        let height: f64 =
            picture.split("height=\"").nth(1).unwrap().split('"').next().unwrap().parse().unwrap();
        for y in picture.split(" y=\"").skip(1) {
            let y: f64 = y.split('"').next().unwrap().parse().unwrap();
            assert!((0.0..height).contains(&y), "{y} of {height}");
        }
    }

    #[test]
    fn two_profiles_are_coloured_by_their_difference() {
        let mut other = sample();
        other.add(vec![Frame::other("main.cold")], Weight { count: 100, nanos: 100_000 });
        let picture = compare((&sample(), "one"), (&other, "two"));
        let lines = |name: &str| {
            picture.lines().filter(|l| l.contains(&format!("<title>{name}&#10;"))).collect::<Vec<_>>()
        };
        let hot = lines("main.hot");
        assert!(hot[0].contains("fill=\"#f56464\"") && hot[0].contains("45.0 % in the other"), "{}", hot[0]);
        assert!(hot[1].contains("fill=\"#6464f5\"") && hot[1].contains("90.0 % in the other"), "{}", hot[1]);
        assert_eq!(lines("main.cold").len(), 1);
        assert!(lines("all")[0].contains("fill=\"#f5f5f5\""));
    }

    #[test]
    fn an_empty_profile_is_a_picture_too() {
        assert!(svg(&Profile::default(), "x").ends_with("</svg>\n"));
        assert!(compare((&Profile::default(), "x"), (&sample(), "y")).ends_with("</svg>\n"));
    }

    #[test]
    fn names_are_cut_at_their_beginning() {
        assert_eq!(shortened("main.main", 9), "main.main");
        assert_eq!(shortened("example.com/x.F", 5), "…/x.F");
        assert_eq!(escape("a&\u{1}\"b\""), "a&amp;&quot;b&quot;");
    }
}
