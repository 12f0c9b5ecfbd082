from counseling import create_app
from counseling.config import Config

app = create_app(Config.from_environment())
