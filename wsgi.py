import gc

from counseling import create_app
from counseling.config import Config

app = create_app(Config.from_environment())

# What is loaded now stays. Looking through all of it for garbage again and again took a tenth of the computing.
gc.collect()
gc.freeze()
gc.set_threshold(10_000, 20, 50)
