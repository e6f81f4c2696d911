//! `moldsight user`: accounts, for who sits at the box itself.

use std::path::PathBuf;

use appliance_web::Book;
use appliance_web::view::Role;

use crate::config::Config;
use crate::error::DaemonError;

/// Arguments of `moldsight user`.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Configuration file.
    #[arg(long, default_value = "/etc/moldsight/moldsight.toml")]
    pub config: PathBuf,
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand, Debug)]
enum Command {
    /// Accounts and their roles.
    List,
    /// A new account; its password is printed once and must be changed at the first login.
    Add {
        /// Name.
        name: String,
        /// viewer, operator or engineer.
        #[arg(long, default_value = "viewer")]
        role: String,
    },
    /// A new password for somebody who forgot theirs.
    Reset {
        /// Name.
        name: String,
    },
}

/// Runs the command; returns the lines to print.
///
/// # Errors
/// When the accounts cannot be opened or the change makes no sense.
pub fn run(args: &Args) -> Result<Vec<String>, DaemonError> {
    let config = Config::load(&args.config)?;
    let (book, _) = Book::open(&config.data.join("access.sqlite"))?;
    match &args.command {
        Command::List => Ok(book
            .users()?
            .iter()
            .map(|u| format!("{:<24} {}", u.name, u.role.name()))
            .collect()),
        Command::Add { name, role } => {
            let role = Role::from_name(role).ok_or_else(|| DaemonError::Argument {
                argument: "--role",
                reason: format!("`{role}` is none of viewer, operator, engineer"),
            })?;
            let made = book.add_user(name, role, None)?;
            Ok(vec![format!(
                "{name}: password {}",
                made.password.unwrap_or_default()
            )])
        }
        Command::Reset { name } => {
            let password = book.reset_password(name, None)?.unwrap_or_default();
            Ok(vec![format!("{name}: password {password}")])
        }
    }
}
