"""An open prior-authorization server for the CMS WISeR model: Da Vinci PAS in, an explained determination out."""

__version__ = "0.1.0"
