"""What people are sent: letters about decisions and exemptions, as text, HTML and PDF."""
