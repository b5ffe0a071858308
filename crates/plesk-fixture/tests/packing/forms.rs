//! What is around the tree, as other programs see it.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use plesk_fixture::{Form, Spec, pack_form, pack_tar, split};

use super::{run, text};

#[test]
fn a_compressed_export_is_the_plain_one_compressed() {
    let directory = tempfile::tempdir().unwrap();
    let plain = directory.path().join("backup.tar");
    pack_tar(&Spec::sample(), &plain).unwrap();
    for (name, program) in [("backup.tar.gz", "gzip"), ("backup.tar.zst", "zstd")] {
        let path = directory.path().join(name);
        pack_form(&Spec::sample(), Form::of_name(&path), &path).unwrap();
        let output = Command::new(program).args(["-dc", text(&path)]).output().unwrap();
        assert!(output.status.success() && output.stdout == fs::read(&plain).unwrap(), "{name}");
        fs::remove_file(&path).unwrap();
    }
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1, "nothing is left beside");
}

#[test]
fn parts_put_together_are_the_file() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("backup.tar");
    pack_tar(&Spec::sample(), &path).unwrap();
    let whole = fs::read(&path).unwrap();
    let parts = split(&path, 10_000).unwrap();
    assert_eq!(parts.len(), whole.len().div_ceil(10_000));
    assert_eq!(parts[1], directory.path().join("backup.tar.002"));
    let together: Vec<u8> = parts.iter().flat_map(|part| fs::read(part).unwrap()).collect();
    assert!(together == whole && !path.exists());
    assert!(split(&parts[0], 0).is_err());
}

#[test]
fn volumes_put_together_are_the_archive_and_the_metadata_list_them_in_order() {
    let directory = tempfile::tempdir().unwrap();
    let pack = |name: &str, volume_size| -> PathBuf {
        let out = directory.path().join(name);
        let spec = Spec { volume_size, ..Spec::sample() };
        plesk_fixture::pack_directory(&spec, &out).unwrap();
        out.join("domains/example.com")
    };
    let (plain, cut) = (pack("plain", None), pack("cut", Some(150)));
    let name = "backup_domainmail_2401151030.tzst";
    let whole = fs::read(plain.join(name)).unwrap();
    let volumes: Vec<String> =
        (1..=whole.len().div_ceil(150)).map(|number| format!("{name}.{number:03}")).collect();
    assert!(volumes.len() > 2, "{}", whole.len());
    let together: Vec<u8> =
        volumes.iter().flat_map(|volume| fs::read(cut.join(volume)).unwrap()).collect();
    assert!(together == whole && !cut.join(name).exists());
    let xml = fs::read_to_string(cut.join("backup_info_2401151030.xml")).unwrap();
    let places: Vec<usize> = volumes.iter().map(|volume| xml.find(volume).unwrap()).collect();
    assert!(places.is_sorted());
    let listed = run("python3", &["-c", COUNT, text(&cut.join("backup_info_2401151030.xml"))]);
    assert_eq!(listed.trim(), whole.len().to_string());
}

/// Sum of the sizes of the volumes of the domain's own mail.
const COUNT: &str = "import sys, xml.etree.ElementTree as tree
cid = tree.parse(sys.argv[1]).find('.//domain/mailsystem/content/cid')
print(sum(int(file.get('size')) for file in cid))";
